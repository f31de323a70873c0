import type { Project } from '@keywright/client'
import { keywright } from '../api/keywright.ts'
import { DeleteDialog } from '../deletion/delete-dialog.tsx'

export function DeleteProject({ of: project, onClose }: { of: Project; onClose: () => void }) {
  return (
    <DeleteDialog
      noun="project"
      of={project}
      remove={(options) => keywright.projects.delete(project.id, options)}
      goes={() => []}
      stays="Its audit log stays."
      onClose={onClose}
    />
  )
}
