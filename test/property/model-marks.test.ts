import {watermarksContract} from '../contract/watermarks-contract.ts'
import {ModelMarks} from './model-task.ts'

watermarksContract('model', () => {
  const marks = new ModelMarks()
  return Promise.resolve({
    marks,
    issue: () => {
      if (marks.wanted > marks.issued) marks.issued++
      return Promise.resolve()
    },
    commit: () => {
      marks.commit(marks.issued)
      return Promise.resolve()
    },
  })
})
