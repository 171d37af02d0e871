//! Memory that is poisoned and guarded.

use super::failed;
use crate::error::Result;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Words before and after the memory, of 16 bytes each.
const GUARD: usize = 16;
const POISON: u128 = 0xcdcd_cdcd_cdcd_cdcd_cdcd_cdcd_cdcd_cdcd;

/// All memory of a device that is held.
pub(super) struct Store {
    memory: usize,
    used: usize,
    /// By address: bytes and what they are for.
    held: BTreeMap<u64, (usize, String)>,
    /// What was found written past its end when it was given back.
    overrun: Option<String>,
}

impl Store {
    pub(super) fn new(memory: usize) -> Self {
        Self { memory, used: 0, held: BTreeMap::new(), overrun: None }
    }

    pub(super) fn free(&self) -> usize {
        self.memory - self.used
    }

    /// Whether nothing was written outside of memory.
    pub(super) fn check(&self) -> Result<()> {
        let overrun = self.overrun.clone().or_else(|| {
            let bad = self.held.iter().find(|(address, (bytes, _))| !guarded(**address, *bytes));
            bad.map(|(_, (_, what))| what.clone())
        });
        match overrun {
            None => Ok(()),
            Some(what) => Err(failed(&format!("memory for {what} that was written past its end"), "mend the kernel")),
        }
    }
}

/// Whether the guards around some memory are whole; the last word of the memory may be partly guard.
fn guarded(address: u64, bytes: usize) -> bool {
    let poison = |from: usize, to: usize| {
        // SAFETY: the memory has guards at both ends.
        (from..to).all(|at| unsafe { *(at as *const u8) } == 0xcd)
    };
    let (start, end) = (address as usize, address as usize + bytes);
    poison(start - 16 * GUARD, start) && poison(end, end + 16 * GUARD)
}

/// Some memory, held until it is dropped.
pub(super) struct Held {
    words: Box<[u128]>,
    bytes: usize,
    store: Arc<Mutex<Store>>,
}

impl Held {
    pub(super) fn new(bytes: usize, what: &str, store: Arc<Mutex<Store>>) -> Self {
        let words = vec![POISON; bytes.div_ceil(16) + 2 * GUARD + 1].into_boxed_slice();
        let held = Self { words, bytes, store };
        let mut all = held.store.lock().unwrap_or_else(PoisonError::into_inner);
        all.used += bytes;
        all.held.insert(held.address(), (bytes, what.to_owned()));
        drop(all);
        held
    }

    pub(super) fn address(&self) -> u64 {
        self.words[GUARD..].as_ptr() as u64
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let address = self.address();
        let mut all = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let what = all.held.remove(&address).map(|(_, what)| what);
        all.used -= self.bytes;
        if !guarded(address, self.bytes) && all.overrun.is_none() {
            all.overrun = what;
        }
    }
}
