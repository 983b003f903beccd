import { boundsFamily } from './bounds.js'
import { closedFamily } from './closed.js'
import { closedClassesFamily } from './closed-classes.js'
import type { Family } from './family.js'
import { arrivalFittingFamily, phaseTypeFittingFamily } from './fitting.js'
import { forkJoinFamily } from './forkjoin.js'
import { gig1Family } from './gig1.js'
import { mg1Family } from './mg1.js'
import { mm1Family } from './mm1.js'
import { mapPh1Family, mapPhCFamily, mmapPh1FirstComeFamily, mmapPh1PriorityFamily, mPh1PriorityFamily } from './mmap-ph-1.js'
import { mmcFamily } from './mmc.js'
import { mmckFamily } from './mmck.js'
import { openFamily } from './open.js'
import { sizeBasedFamily } from './size-based.js'

/** Every family that `solve` knows, the more particular shapes first. */
export const families: readonly Family[] = [
  mPh1PriorityFamily,
  mmapPh1PriorityFamily,
  mmapPh1FirstComeFamily,
  mapPh1Family,
  mapPhCFamily,
  arrivalFittingFamily,
  phaseTypeFittingFamily,
  gig1Family,
  forkJoinFamily,
  mmckFamily,
  mmcFamily,
  mm1Family,
  mg1Family,
  sizeBasedFamily,
  openFamily,
  boundsFamily,
  closedClassesFamily,
  closedFamily,
]
