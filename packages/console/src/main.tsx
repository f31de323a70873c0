import './styles.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queries } from './api/queries.ts'
import { router } from './router.tsx'
import { Opening } from './shell/opening.tsx'
import { applyTheme } from './shell/theme.ts'

applyTheme()
// Paper is white: what is drawn by itself is drawn anew for it.
addEventListener('beforeprint', () => {
  document.documentElement.dataset.theme = 'light'
})
addEventListener('afterprint', () => applyTheme())
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Opening />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  )
}
