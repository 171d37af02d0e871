//! A device that is the CPU: the kernels' text compiled by g++ with a header that gives every CUDA thread a fiber of its own.
//!
//! It is there to test the engine where there is no GPU: the same text, the same launches, the same use of memory. Memory
//! starts as `0xCD`, which no number survives unseen, and has guards at both ends, which are looked at after every launch.
//! Whatever a device would answer by undefined results is an error here, where it can be seen: arguments that are not of the
//! kernel's types, memory that is not held, barriers that not all threads come to, shared memory beyond a launch's.

mod compile;
mod memory;
mod multiply;
#[cfg(test)]
mod tests;

use super::{
    backend::{Argument, Backend, Graph, Kernel, Launch, Memory, Product, Properties},
    source::Source,
};
use crate::error::{Error, Result};
use compile::{Entry, Start};
use memory::{Held, Room, Store};
use std::{
    ffi::c_void,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes of a fiber's stack. No power of two, so that the stacks do not all want the same lines of the cache.
const STACK: usize = (64 << 10) + 13 * 64;

/// What the device is to look like.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Zero runs threads in their order; other seeds let warps run ahead of each other, differently in every launch.
    pub(crate) seed: u64,
    pub(crate) multiprocessors: u32,
    /// Dynamic shared memory that a block may have, in bytes.
    pub(crate) shared_per_block: usize,
    /// All of the device's memory, in bytes.
    pub(crate) memory: usize,
    pub(crate) capability: (u32, u32),
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, multiprocessors: 4, shared_per_block: 227 << 10, memory: 1 << 30, capability: (9, 0) }
    }
}

/// The CPU as a device.
pub(crate) struct Header {
    properties: Properties,
    seed: u64,
    launches: u64,
    store: Arc<Mutex<Store>>,
    /// Stacks of the last launches, taken again.
    stacks: Option<Room>,
    kernels: Vec<Entry>,
    graphs: Vec<Option<Vec<Recorded>>>,
    /// What is recorded, while something is.
    recording: Option<Vec<Recorded>>,
}

/// Something that a graph starts.
#[derive(Clone)]
enum Recorded {
    Launch(Kernel, Launch, Vec<Argument>),
    Multiply(Product),
    /// From, to, bytes.
    Copy(u64, u64, usize),
    Zero(u64, usize),
}

/// Why the header cannot be used here, if it cannot.
pub(crate) fn unavailable() -> Option<String> {
    compile::unavailable()
}

impl Header {
    /// A device as the settings say.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no g++.
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        if let Some(reason) = unavailable() {
            return Err(failed(&reason, "install g++ on Linux on x86-64 or AArch64"));
        }
        Ok(Self {
            properties: Properties {
                name: "the CPU header".to_owned(),
                capability: settings.capability,
                multiprocessors: settings.multiprocessors,
                shared_per_block: settings.shared_per_block,
                memory: settings.memory,
            },
            seed: settings.seed,
            launches: 0,
            store: Arc::new(Mutex::new(Store::new(settings.memory))),
            stacks: None,
            kernels: Vec::new(),
            graphs: Vec::new(),
            recording: None,
        })
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what a graph cannot hold.
    fn outside(&self, what: &str) -> Result<()> {
        match self.recording {
            None => Ok(()),
            Some(_) => Err(failed(&format!("{what} while a graph is recorded"), "do it before or after")),
        }
    }

    /// Records it, or does it now.
    fn start(&mut self, item: Recorded) -> Result<()> {
        match &mut self.recording {
            Some(recording) => {
                recording.push(item);
                Ok(())
            }
            None => self.work(&item),
        }
    }

    /// Does it. What is looked at here may have changed since it was recorded.
    fn work(&mut self, item: &Recorded) -> Result<()> {
        match *item {
            Recorded::Launch(kernel, launch, ref arguments) => self.run(kernel, launch, arguments),
            Recorded::Multiply(ref product) => {
                let store = self.store();
                multiply::check(product, &store)?;
                // SAFETY: it was checked, and nothing is given back meanwhile.
                unsafe { multiply::multiply(product) };
                Ok(())
            }
            Recorded::Copy(from, to, bytes) => {
                let store = self.store();
                store.covers(from, bytes, "a copy")?;
                store.covers(to, bytes, "a copy")?;
                // SAFETY: both ranges are held.
                unsafe { std::ptr::copy(from as *const u8, to as *mut u8, bytes) };
                Ok(())
            }
            Recorded::Zero(to, bytes) => {
                let store = self.store();
                store.covers(to, bytes, "memory set to zero")?;
                // SAFETY: the range is held.
                unsafe { std::ptr::write_bytes(to as *mut u8, 0, bytes) };
                Ok(())
            }
        }
    }

    fn run(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        self.check(kernel, launch, arguments)?;
        let together = if launch.cooperative { launch.blocks as usize } else { 1 };
        // One more below, for what the first thread may write past its own.
        let room = STACK * (launch.threads as usize * together + 1);
        if self.stacks.as_ref().is_none_or(|stacks| stacks.bytes() < room) {
            self.stacks = None;
            self.stacks = Room::new(room);
        }
        let (Some(stacks), Some(entry)) = (&self.stacks, self.kernels.get(kernel.0)) else {
            return Err(failed(&format!("no memory for {room} bytes of stacks"), "start fewer blocks together"));
        };
        let mut words: Vec<u64> = arguments.iter().map(word).collect();
        let mut pointers: Vec<*mut c_void> =
            words.iter_mut().map(|word| std::ptr::from_mut(word).cast::<c_void>()).collect();
        self.launches += 1;
        let mut message = [0u8; 400];
        let start = Start {
            // Another schedule for every launch; zero is none.
            seed: if self.seed == 0 {
                0
            } else {
                self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ self.launches | 1 << 63
            },
            shared: launch.shared as u64,
            // SAFETY: the room is larger.
            stacks: unsafe { stacks.start().add(STACK) },
            stack: STACK as u64,
            message: message.as_mut_ptr(),
            message_bytes: message.len() as u64,
            blocks: launch.blocks,
            threads: launch.threads,
            cooperative: u32::from(launch.cooperative),
            cluster: entry.cluster,
        };
        // SAFETY: the arguments are of the kernel's types and point into held memory, there are stacks for all threads that are
        // alive at once; how far the kernel goes from there is its own matter, as on a device, and the guards tell.
        let well = unsafe { entry.run(&start, pointers.as_mut_ptr()) };
        let after = format!("kernel `{}` of `{}`", entry.name, entry.source);
        if !well {
            let message = std::ffi::CStr::from_bytes_until_nul(&message).unwrap_or_default().to_string_lossy();
            return Err(failed(&format!("{after}: {message}"), "mend the kernel"));
        }
        self.store().check(&after)
    }

    /// Whether a device would start it, and with arguments that are the kernel's.
    fn check(&self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        let Some(entry) = self.kernels.get(kernel.0) else {
            return Err(failed("a kernel of another device", "load its text on this one"));
        };
        let refuse = |what: &str, help: &str| {
            Err(failed(&format!("kernel `{}` of `{}` {what}", entry.name, entry.source), help))
        };
        let types: String = arguments.iter().map(letter).collect();
        if types != entry.types {
            let what = format!("takes arguments of types `{}`, and got `{types}`", entry.types);
            return refuse(&what, "p is a pointer, i an int, l a u64, f a float: give each as it is declared");
        }
        let Launch { blocks, threads, shared, cooperative } = launch;
        if blocks == 0 || threads == 0 || threads > entry.threads.min(1024) {
            let what = format!("is declared for {} threads, and started as {blocks} x {threads}", entry.threads);
            return refuse(&what, "start as many as FM_KERNEL says, 1024 at most");
        }
        let most = self.properties.shared_per_block;
        if shared > most {
            return refuse(&format!("asks for {shared} bytes of shared memory, of {most}"), "ask for less");
        }
        let together = self.properties.multiprocessors;
        if cooperative && blocks > together {
            let what = format!("has {blocks} blocks that wait for each other, on {together} multiprocessors");
            return refuse(&what, "start no more than there are multiprocessors");
        }
        if entry.cluster > 0 && (self.properties.capability < (9, 0) || entry.cluster > 8) {
            return refuse(&format!("declares a cluster of {}", entry.cluster), "have 8 at most, from sm_90 on");
        }
        if entry.cluster > 0 && blocks % entry.cluster != 0 {
            return refuse(&format!("has {blocks} blocks in clusters of {}", entry.cluster), "start whole clusters");
        }
        let store = self.store();
        for argument in arguments {
            if let &Argument::Address(address @ 1..) = argument {
                store.covers(address, 0, &format!("an argument of kernel `{}` of `{}`", entry.name, entry.source))?;
            }
        }
        Ok(())
    }
}

/// The address of some bytes of memory.
fn place(memory: &Memory, offset: usize, bytes: usize) -> Result<u64> {
    if offset.checked_add(bytes).is_none_or(|end| end > memory.bytes) {
        let found = format!("{bytes} bytes at {offset} of memory of {}", memory.bytes);
        return Err(failed(&found, "this is a bug in flow-runtime: please report it"));
    }
    Ok(memory.address + offset as u64)
}

impl Backend for Header {
    fn properties(&self) -> &Properties {
        &self.properties
    }

    fn free(&mut self) -> Result<usize> {
        Ok(self.store().free())
    }

    fn allocate(&mut self, bytes: usize, what: &str) -> Result<Memory> {
        self.outside("memory asked for")?;
        let free = self.store().free();
        let held = if bytes > free { None } else { Held::new(bytes, what, Arc::clone(&self.store)) };
        let Some(held) = held else {
            let found = format!("{free} bytes of free memory, and {bytes} asked for, for {what}");
            return Err(failed(&found, "ask for fewer rows at a time"));
        };
        Ok(Memory { address: held.address(), bytes, owner: Arc::new(held) })
    }

    fn upload(&mut self, to: &Memory, offset: usize, bytes: &[u8]) -> Result<()> {
        self.outside("an upload")?;
        let to = place(to, offset, bytes.len())?;
        // SAFETY: the range is within memory that its owner keeps.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), to as *mut u8, bytes.len()) };
        Ok(())
    }

    fn download(&mut self, from: &Memory, offset: usize, bytes: &mut [u8]) -> Result<()> {
        self.synchronize()?;
        let from = place(from, offset, bytes.len())?;
        // SAFETY: as above.
        unsafe { std::ptr::copy_nonoverlapping(from as *const u8, bytes.as_mut_ptr(), bytes.len()) };
        Ok(())
    }

    fn copy(&mut self, from: (&Memory, usize), to: (&Memory, usize), bytes: usize) -> Result<()> {
        let item = Recorded::Copy(place(from.0, from.1, bytes)?, place(to.0, to.1, bytes)?, bytes);
        self.start(item)
    }

    fn zero(&mut self, to: &Memory, offset: usize, bytes: usize) -> Result<()> {
        self.start(Recorded::Zero(place(to, offset, bytes)?, bytes))
    }

    fn load(&mut self, source: &Source) -> Result<Vec<Kernel>> {
        self.outside("a text loaded")?;
        let entries = compile::load(source)?;
        let first = self.kernels.len();
        self.kernels.extend(entries);
        Ok((first..self.kernels.len()).map(Kernel).collect())
    }

    fn launch(&mut self, kernel: Kernel, launch: Launch, arguments: &[Argument]) -> Result<()> {
        self.check(kernel, launch, arguments)?;
        self.start(Recorded::Launch(kernel, launch, arguments.to_vec()))
    }

    fn multiply(&mut self, product: &Product) -> Result<()> {
        multiply::check(product, &self.store())?;
        self.start(Recorded::Multiply(*product))
    }

    fn capture(&mut self, work: &mut dyn FnMut(&mut dyn Backend) -> Result<()>) -> Result<Graph> {
        self.outside("a graph recorded")?;
        self.recording = Some(Vec::new());
        let result = work(self);
        let recorded = self.recording.take();
        result?;
        self.graphs.push(recorded);
        Ok(Graph(self.graphs.len() - 1))
    }

    fn replay(&mut self, graph: Graph) -> Result<()> {
        self.outside("a graph started")?;
        let Some(Some(recorded)) = self.graphs.get(graph.0).cloned() else {
            return Err(failed("a graph that is not there", "record it first"));
        };
        recorded.iter().try_for_each(|item| self.work(item))
    }

    fn forget(&mut self, graph: Graph) {
        if let Some(slot) = self.graphs.get_mut(graph.0) {
            *slot = None;
        }
    }

    fn synchronize(&mut self) -> Result<()> {
        self.outside("a wait")?;
        self.store().check("after everything")
    }
}

/// The argument in the first bytes of a word.
fn word(argument: &Argument) -> u64 {
    match *argument {
        Argument::Address(address) => address,
        Argument::Long(value) => value,
        Argument::Int(value) => u64::from(value as u32),
        Argument::Float(value) => u64::from(value.to_bits()),
    }
}

/// The type of an argument, as the text's types are told.
fn letter(argument: &Argument) -> char {
    match argument {
        Argument::Address(_) => 'p',
        Argument::Int(_) => 'i',
        Argument::Long(_) => 'l',
        Argument::Float(_) => 'f',
    }
}

fn failed(found: &str, help: &str) -> Error {
    Error::Device { asked: "the CPU header".to_owned(), found: found.to_owned(), help: help.to_owned() }
}
