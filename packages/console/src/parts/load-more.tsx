import { Button } from './button.tsx'
import { ErrorNotice } from './notice.tsx'

interface LoadMoreProps {
  /** A query of pages. */
  of: {
    data: { pages: readonly unknown[] } | undefined
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    error: unknown
    fetchNextPage: () => unknown
  }
}

/** Stays once all are there: it has the focus of who pressed it. What fails is said where it was pressed. */
export function LoadMore({ of: list }: LoadMoreProps) {
  const { data, hasNextPage, isFetchingNextPage, isFetchNextPageError, error, fetchNextPage } = list
  if (!hasNextPage && (data?.pages.length ?? 0) <= 1) return null
  return (
    <footer className="border-t px-5 py-2 text-right">
      {isFetchNextPageError && (
        <div className="mb-2 text-left">
          <ErrorNotice error={error} />
        </div>
      )}
      <Button aria-disabled={!hasNextPage} isBusy={isFetchingNextPage} onClick={() => fetchNextPage()}>
        {hasNextPage ? 'Load more' : 'All are loaded'}
      </Button>
    </footer>
  )
}
