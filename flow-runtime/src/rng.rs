//! Counter-based random numbers: Philox 4x32-10.

/// What a random number is for; keeps the sequences of a run apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// Initial weights.
    Weights = 0,
    /// Which samples make a batch.
    Batch = 1,
    /// Source points `x0`.
    Source = 2,
    /// Training times.
    Time = 3,
    /// Dropout masks.
    Dropout = 4,
    /// Data that is generated.
    Data = 5,
    /// Directions and subsets of metrics.
    Metric = 6,
    /// Sampling after training.
    Sample = 7,
}
