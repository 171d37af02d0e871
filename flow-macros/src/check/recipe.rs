//! The rules of `train` and `sampler`.
