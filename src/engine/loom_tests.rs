//! Models of every hand-off between threads, for loom.
