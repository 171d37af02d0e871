//! Memory of the device, and the way to it and back.

use super::{super::backend::Memory, Driver, context::Context};
use crate::error::{Error, Result};
use cudarc::driver::sys::{self, CUresult};
use std::{ptr, sync::Arc};

/// Bytes of one of the two buffers through which copies go.
const CHUNK: usize = 4 << 20;

/// Memory that is freed with its last owner.
struct Block {
    address: u64,
    context: Arc<Context>,
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it was allocated, and is freed once. The driver waits for kernels that may still use it.
            let _ = unsafe { sys::cuMemFree_v2(self.address) };
        }
    }
}

/// Two buffers of host memory that the device reads and writes by itself: while one is copied, the other is filled. What is
/// to be uploaded is therefore taken at once, whatever memory it lies in.
pub(super) struct Staging {
    context: Arc<Context>,
    slots: Option<[Slot; 2]>,
    /// The system gives no such memory: copies wait instead.
    refused: bool,
}

struct Slot {
    host: *mut u8,
    /// When the device is done with the buffer.
    done: sys::CUevent,
    busy: bool,
}

// SAFETY: the buffers are this object's alone, and host memory and events may be used from any thread.
unsafe impl Send for Staging {}

impl Staging {
    pub(super) fn new(context: &Arc<Context>) -> Self {
        Self { context: Arc::clone(context), slots: None, refused: false }
    }

    fn slots(&mut self) -> Option<&mut [Slot; 2]> {
        if self.slots.is_none() && !self.refused {
            let [first, second] = [Slot::new(), Slot::new()];
            match (first, second) {
                (Some(first), Some(second)) => self.slots = Some([first, second]),
                (first, second) => {
                    first.into_iter().chain(second).for_each(Slot::free);
                    self.refused = true;
                }
            }
        }
        self.slots.as_mut()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: the stream is alive; buffers are freed when the device is done with them.
            let _ = unsafe { sys::cuStreamSynchronize(self.context.stream) };
            self.slots.take().into_iter().flatten().for_each(Slot::free);
        }
    }
}

impl Slot {
    fn new() -> Option<Self> {
        let (mut host, mut done) = (ptr::null_mut(), ptr::null_mut());
        let flags = sys::CUevent_flags_enum::CU_EVENT_DISABLE_TIMING as u32;
        // SAFETY: the context is current; each writes one handle.
        unsafe {
            if sys::cuMemAllocHost_v2(&mut host, CHUNK) != CUresult::CUDA_SUCCESS {
                return None;
            }
            if sys::cuEventCreate(&mut done, flags) != CUresult::CUDA_SUCCESS {
                let _ = sys::cuMemFreeHost(host);
                return None;
            }
        }
        Some(Self { host: host.cast(), done, busy: false })
    }

    fn free(self) {
        // SAFETY: both were made by `new`, and are freed once.
        unsafe {
            let _ = sys::cuEventDestroy_v2(self.done);
            let _ = sys::cuMemFreeHost(self.host.cast());
        }
    }

    /// Waits until the device is done with the buffer.
    fn wait(&mut self) -> Result<(), CUresult> {
        if std::mem::take(&mut self.busy) {
            // SAFETY: the event is alive.
            ok(unsafe { sys::cuEventSynchronize(self.done) })?;
        }
        Ok(())
    }
}

fn ok(result: CUresult) -> Result<(), CUresult> {
    if result == CUresult::CUDA_SUCCESS { Ok(()) } else { Err(result) }
}

impl Driver {
    /// The address of `bytes` bytes at `offset`, which must be within.
    pub(super) fn place(&self, memory: &Memory, offset: usize, bytes: usize) -> Result<u64> {
        match offset.checked_add(bytes) {
            Some(end) if end <= memory.bytes => Ok(memory.address + offset as u64),
            _ => Err(self.bug(format!("{bytes} bytes at {offset} of a memory of {}", memory.bytes))),
        }
    }

    pub(super) fn allocate_now(&mut self, bytes: usize, what: &str) -> Result<Memory> {
        let mut address = 0;
        // SAFETY: the context is current; one address is written. No memory has no bytes.
        let result = unsafe { sys::cuMemAlloc_v2(&mut address, bytes.max(1)) };
        if result == CUresult::CUDA_ERROR_OUT_OF_MEMORY {
            let free = super::Backend::free(self)?;
            return Err(Error::Device {
                asked: self.context.name().to_owned(),
                found: format!(
                    "no memory for {what}: {} asked for, {} free of {}",
                    mebibytes(bytes),
                    mebibytes(free),
                    mebibytes(self.context.properties.memory)
                ),
                help: format!(
                    "use a smaller batch or model: about {} would fit; `nvidia-smi` shows what else is on the GPU",
                    mebibytes(free / 20 * 19)
                ),
            });
        }
        self.check(&format!("allocating {} for {what}", mebibytes(bytes)), result)?;
        Ok(Memory { address, bytes, owner: Arc::new(Block { address, context: Arc::clone(&self.context) }) })
    }

    pub(super) fn upload_now(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()> {
        let address = self.place(to, offset, bytes.len())?;
        let stream = self.context.stream;
        let result = match self.staging.slots() {
            Some(slots) => upload(slots, stream, address, bytes),
            // SAFETY: the place is within memory that is alive; the bytes are read before this returns.
            None => unsafe {
                ok(sys::cuMemcpyHtoDAsync_v2(address, bytes.as_ptr().cast(), bytes.len(), stream))
                    .and_then(|()| ok(sys::cuStreamSynchronize(stream)))
            },
        };
        self.check("uploading", result.err().unwrap_or(CUresult::CUDA_SUCCESS))
    }

    pub(super) fn download_now(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()> {
        let address = self.place(from, offset, bytes.len())?;
        let stream = self.context.stream;
        let result = match self.staging.slots() {
            Some(slots) => download(slots, stream, address, bytes),
            // SAFETY: the place is within memory that is alive; the bytes are written before this returns.
            None => unsafe {
                ok(sys::cuMemcpyDtoHAsync_v2(bytes.as_mut_ptr().cast(), address, bytes.len(), stream))
                    .and_then(|()| ok(sys::cuStreamSynchronize(stream)))
            },
        };
        self.check("downloading", result.err().unwrap_or(CUresult::CUDA_SUCCESS))
    }
}

fn upload(slots: &mut [Slot; 2], stream: sys::CUstream, address: u64, bytes: &[u8]) -> Result<(), CUresult> {
    for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
        let slot = &mut slots[index % 2];
        slot.wait()?;
        // SAFETY: the device does not use the buffer, which holds a chunk; the place is within memory that is alive.
        unsafe {
            ptr::copy_nonoverlapping(chunk.as_ptr(), slot.host, chunk.len());
            let to = address + (index * CHUNK) as u64;
            ok(sys::cuMemcpyHtoDAsync_v2(to, slot.host.cast(), chunk.len(), stream))?;
            slot.busy = true;
            ok(sys::cuEventRecord(slot.done, stream))?;
        }
    }
    Ok(())
}

fn download(slots: &mut [Slot; 2], stream: sys::CUstream, address: u64, bytes: &mut [u8]) -> Result<(), CUresult> {
    if bytes.is_empty() {
        // SAFETY: the stream is alive. Also of nothing, a download waits.
        return ok(unsafe { sys::cuStreamSynchronize(stream) });
    }
    let mut waiting: Option<(usize, &mut [u8])> = None;
    let take = |slots: &mut [Slot; 2], waiting: Option<(usize, &mut [u8])>| {
        let Some((index, chunk)) = waiting else { return Ok(()) };
        slots[index].wait()?;
        // SAFETY: the device has written the buffer, and is done.
        unsafe { ptr::copy_nonoverlapping(slots[index].host, chunk.as_mut_ptr(), chunk.len()) };
        Ok(())
    };
    for (index, chunk) in bytes.chunks_mut(CHUNK).enumerate() {
        let slot = &mut slots[index % 2];
        slot.wait()?;
        let from = address + (index * CHUNK) as u64;
        // SAFETY: the buffer holds a chunk, and the place is within memory that is alive.
        unsafe {
            ok(sys::cuMemcpyDtoHAsync_v2(slot.host.cast(), from, chunk.len(), stream))?;
            slot.busy = true;
            ok(sys::cuEventRecord(slot.done, stream))?;
        }
        // While this chunk is on its way, the one before is taken.
        take(slots, waiting.replace((index % 2, chunk)))?;
    }
    take(slots, waiting)
}

fn mebibytes(bytes: usize) -> String {
    if bytes < 1 << 20 { format!("{bytes} bytes") } else { format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)) }
}
