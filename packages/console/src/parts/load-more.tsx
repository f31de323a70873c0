import { Button } from './button.tsx'

interface LoadMoreProps {
  /** A query of pages. */
  of: {
    data: { pages: readonly unknown[] } | undefined
    hasNextPage: boolean
    isFetchingNextPage: boolean
    fetchNextPage: () => unknown
  }
}

/** Stays once all are there: it has the focus of who pressed it. */
export function LoadMore({ of: { data, hasNextPage, isFetchingNextPage, fetchNextPage } }: LoadMoreProps) {
  if (!hasNextPage && (data?.pages.length ?? 0) <= 1) return null
  return (
    <footer className="border-t px-5 py-2 text-right">
      <Button aria-disabled={!hasNextPage} isBusy={isFetchingNextPage} onClick={() => fetchNextPage()}>
        {hasNextPage ? 'Load more' : 'All are loaded'}
      </Button>
    </footer>
  )
}
