//! Memory that is poisoned and guarded, and the stacks of fibers.

use super::failed;
use crate::error::Result;
use std::{
    alloc::{Layout, alloc, dealloc},
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes before and after the memory; also its alignment, at least that of the driver's.
const GUARD: usize = 1024;
/// What memory holds before it is written: numbers that no tolerance forgives. A NaN would be lost in a maximum.
const POISON: u8 = 0xcd;

/// All memory of a device that is held.
pub(super) struct Store {
    memory: usize,
    used: usize,
    /// By address: bytes and what they are for.
    held: BTreeMap<u64, (usize, String)>,
    /// What was found written outside of memory when it was given back.
    damage: Option<String>,
}

impl Store {
    pub(super) fn new(memory: usize) -> Self {
        Self { memory, used: 0, held: BTreeMap::new(), damage: None }
    }

    pub(super) fn free(&self) -> usize {
        self.memory - self.used
    }

    /// Whether nothing was written outside of memory; what was is told once.
    pub(super) fn check(&mut self, after: &str) -> Result<()> {
        let damage = self.damage.take().or_else(|| {
            let mut all = self.held.iter();
            all.find_map(|(&address, (bytes, what))| mend(address, *bytes).map(|place| told(*bytes, what, place)))
        });
        match damage {
            None => Ok(()),
            Some(damage) => Err(failed(&format!("{after}: {damage}"), "mend the kernel, or its launch")),
        }
    }

    /// Whether some bytes are held; to the end of their memory if the number is not known.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) if they are not, or not any more.
    pub(super) fn covers(&self, address: u64, bytes: usize, what: &str) -> Result<()> {
        let end = address.checked_add(bytes as u64);
        match (self.held.range(..=address).next_back(), end) {
            (Some((&start, (held, _))), Some(end)) if end <= start + *held as u64 => Ok(()),
            _ => {
                let found = format!("{what}: {bytes} bytes at {address:#x}, which are not (or no longer) held");
                Err(failed(&found, "hold the memory until its last use, and count its bytes"))
            }
        }
    }
}

fn told(bytes: usize, what: &str, place: &str) -> String {
    format!("the {bytes} bytes for {what} were written {place}")
}

/// Looks at the guards around some memory: where they were written, if they were; they are made whole again.
fn mend(address: u64, bytes: usize) -> Option<&'static str> {
    // SAFETY: the memory has guards at both ends, which nothing else refers to.
    let (before, after) = unsafe {
        (
            std::slice::from_raw_parts_mut((address as usize - GUARD) as *mut u8, GUARD),
            std::slice::from_raw_parts_mut((address as usize + bytes) as *mut u8, GUARD),
        )
    };
    let place = [(before, "before their start"), (after, "past their end")];
    place.into_iter().fold(None, |found, (guard, place)| {
        let whole = *guard == [POISON; GUARD];
        if !whole {
            guard.fill(POISON);
        }
        found.or((!whole).then_some(place))
    })
}

/// Some memory, held until it is dropped.
pub(super) struct Held {
    room: Room,
    bytes: usize,
    store: Arc<Mutex<Store>>,
}

impl Held {
    /// None if the machine itself has not as much.
    pub(super) fn new(bytes: usize, what: &str, store: Arc<Mutex<Store>>) -> Option<Self> {
        let room = Room::new(bytes.checked_add(2 * GUARD)?)?;
        // SAFETY: the room is as large.
        unsafe { room.start.write_bytes(POISON, bytes + 2 * GUARD) };
        let held = Self { room, bytes, store };
        let mut all = held.store.lock().unwrap_or_else(PoisonError::into_inner);
        all.used += bytes;
        all.held.insert(held.address(), (bytes, what.to_owned()));
        drop(all);
        Some(held)
    }

    pub(super) fn address(&self) -> u64 {
        self.room.start as u64 + GUARD as u64
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let what = all.held.remove(&self.address()).map_or_else(String::new, |(_, what)| what);
        all.used -= self.bytes;
        if let Some(place) = mend(self.address(), self.bytes) {
            all.damage.get_or_insert_with(|| told(self.bytes, &what, place));
        }
    }
}

/// Bytes that nothing has written yet, so that the system need not have them either.
pub(super) struct Room {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: nothing but the owner refers to the bytes.
unsafe impl Send for Room {}
// SAFETY: there is no way to the bytes through a shared reference but by raw pointers, as the device's memory is used.
unsafe impl Sync for Room {}

impl Room {
    pub(super) fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(1), GUARD).ok()?;
        // SAFETY: the layout is not empty.
        let start = unsafe { alloc(layout) };
        (!start.is_null()).then_some(Self { start, layout })
    }

    pub(super) fn start(&self) -> *mut u8 {
        self.start
    }

    pub(super) fn bytes(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}
