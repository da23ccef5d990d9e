// Version and build of all three programs.
export const VERSION = "2.0.0-dev";
export const BUILD = "source";
