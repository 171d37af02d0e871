//! What kernels run on: memory, launches and products, behind one trait.
//!
//! The driver is one implementation; the other compiles the same text with g++ and runs it on the CPU, one fiber for a CUDA
//! thread, so that the whole engine (its text, its launches, its use of memory) is tested where there is no GPU.

use super::source::Source;
use crate::error::Result;
use std::sync::Arc;

/// What a device is, as far as text and launches depend on it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Properties {
    /// The device's own name.
    pub(crate) name: String,
    /// Compute capability, such as (9, 0).
    pub(crate) capability: (u32, u32),
    pub(crate) multiprocessors: u32,
    /// Dynamic shared memory that a block may have, in bytes.
    pub(crate) shared_per_block: usize,
    /// Device memory in bytes: all of it.
    pub(crate) memory: usize,
}

/// Memory of the device, given back when the last owner is dropped.
#[derive(Clone)]
pub(crate) struct Memory {
    pub(crate) address: u64,
    pub(crate) bytes: usize,
    /// Frees it.
    #[allow(dead_code, reason = "it is there to be dropped")]
    pub(crate) owner: Arc<dyn Send + Sync>,
}

/// A kernel of a loaded source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kernel(pub(crate) usize);

/// A captured sequence of launches and products.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Graph(pub(crate) usize);

/// One argument of a kernel, of the very type that its parameter has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Argument {
    /// A pointer into the device's memory.
    Address(u64),
    /// `int`.
    Int(i32),
    /// `unsigned long long`.
    Long(u64),
    /// `float`.
    Float(f32),
}

/// How a kernel is started. Grids and blocks have one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    pub(crate) blocks: u32,
    pub(crate) threads: u32,
    /// Dynamic shared memory in bytes.
    pub(crate) shared: usize,
    /// All blocks are resident at once, so that they may wait for each other (`fm_grid_sync`, or `fm_cluster_sync` if the text
    /// declares a cluster that is the whole grid).
    pub(crate) cooperative: bool,
}

/// Numbers of a product's operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Number {
    F32,
    F16,
    Bf16,
}

/// A matrix in the device's memory: `rows × columns`, rows `stride` numbers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Matrix {
    pub(crate) address: u64,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) stride: usize,
}

/// `out = alpha · op(a) op(b) + beta · out`, row-major, sums in `f32`; `out` is `f32`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Product {
    /// Type of `a` and `b`. `F32` means true `f32` products, never TF32.
    pub(crate) number: Number,
    pub(crate) a: Matrix,
    /// `op(a)` is the transpose of `a`.
    pub(crate) a_transposed: bool,
    pub(crate) b: Matrix,
    pub(crate) b_transposed: bool,
    pub(crate) out: Matrix,
    pub(crate) alpha: f32,
    pub(crate) beta: f32,
    /// The algorithm is not chosen by timing: every process takes the same, and gets the same bits.
    pub(crate) repeatable: bool,
}

/// A device, or what stands for one. Everything is in one order (one stream); only `download` and `synchronize` wait.
pub(crate) trait Backend: Send {
    fn properties(&self) -> &Properties;

    /// Memory that is free now, in bytes.
    fn free(&mut self) -> Result<usize>;

    /// Memory, for `what`, which an error names. Its contents are undefined.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if there is not as much: what was asked, what is free.
    fn allocate(&mut self, bytes: usize, what: &str) -> Result<Memory>;

    /// Writes `bytes` at `offset`. They are taken before this returns.
    fn upload(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()>;

    /// Reads `bytes` from `offset`, after everything before is done.
    fn download(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()>;

    /// Copies within the device.
    fn copy(&mut self, from: (&Memory, usize), to: (&Memory, usize), bytes: usize) -> Result<()>;

    /// Sets `bytes` bytes from `offset` on to zero.
    fn zero(&mut self, to: &Memory, offset: usize, bytes: usize) -> Result<()>;

    /// Compiles and loads a text (or takes it from a cache); the kernels are those of `source.kernels`, in that order.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) with the compiler's log, and the name of the model.
    fn load(&mut self, source: &Source) -> Result<Vec<Kernel>>;

    /// Starts a kernel.
    fn launch(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()>;

    /// Whether there is what products are computed by.
    fn multiplies(&self) -> bool {
        true
    }

    /// Starts a product.
    fn multiply(&mut self, product: &Product) -> Result<()>;

    /// Records what `work` starts instead of starting it; uploads, downloads and allocations are not allowed inside.
    fn capture(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph>;

    /// Starts what was recorded.
    fn replay(&mut self, graph: Graph) -> Result<()>;

    /// Forgets a graph.
    fn forget(&mut self, graph: Graph);

    /// Waits until everything is done.
    fn synchronize(&mut self) -> Result<()>;
}

/// Memory that is kept from call to call, and grows.
pub(crate) fn room<'a>(
    slot: &'a mut Option<Memory>,
    backend: &mut dyn Backend,
    bytes: usize,
    what: &str,
) -> Result<&'a Memory> {
    let kept = slot.take().filter(|memory| memory.bytes >= bytes);
    let memory = match kept {
        Some(memory) => memory,
        None => backend.allocate(bytes, what)?,
    };
    Ok(slot.insert(memory))
}

/// Numbers as they lie in memory.
pub(crate) fn bytes_of<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: plain numbers have no padding, and every byte may be read.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// As [`bytes_of`], to be written.
pub(crate) fn bytes_of_mut<T: Plain>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as above, and every pattern of bytes is a number.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}

/// Numbers of which every pattern of bytes is one.
pub(crate) trait Plain: Copy {}
impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for u16 {}
impl Plain for u32 {}
impl Plain for i32 {}
impl Plain for u64 {}
