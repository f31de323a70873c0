import { Button } from './button.tsx'

interface LoadMoreProps {
  /** A query of pages. */
  of: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}

export function LoadMore({ of: { hasNextPage, isFetchingNextPage, fetchNextPage } }: LoadMoreProps) {
  if (!hasNextPage) return null
  return (
    <footer className="border-t px-5 py-2 text-right">
      <Button isBusy={isFetchingNextPage} onClick={() => fetchNextPage()}>
        Load more
      </Button>
    </footer>
  )
}
