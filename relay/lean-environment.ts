/**
 * What whoever starts the relay sets beside it, for glibc's memory: one arena for all of Node's threads, and what was freed given
 * back soon. It cannot be set from inside. Measured in the bench, row 13; without it everything works, and takes about 15 MB more.
 */
export const leanEnvironment = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '65536',
} as const;
