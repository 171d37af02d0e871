//! Ctrl-C: a run that is asked to end writes a checkpoint and leaves.
//!
//! The first Ctrl-C (on Unix, SIGINT) during a run asks it to end; a second one, or one while no run is under
//! way, ends the process. The handler is installed once per process, by the first run that wants it, and only where
//! the program has none of its own.

use std::sync::{
    Once,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

static REQUESTED: AtomicBool = AtomicBool::new(false);
static RUNS: AtomicUsize = AtomicUsize::new(0);
static INSTALLED: AtomicBool = AtomicBool::new(false);
static INSTALL: Once = Once::new();

/// What a shell reports for a process that SIGINT ended.
const EXIT_INTERRUPTED: i32 = 130;

/// Asks every run under way that handles interrupts to end after its present step, as Ctrl-C does.
///
/// A request made while there is none is kept for the next one.
///
/// ```no_run
/// use flow_runtime::train::interrupt;
/// // A window's close button.
/// interrupt::request();
/// assert!(interrupt::requested());
/// ```
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Whether a run has been asked to end.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// A run under way that handles interrupts; the request is forgotten when the last one ends.
pub(super) struct Guard;

impl Guard {
    /// Counts a run. The flag says whether a signal reaches it: not so if the program has its own handler.
    pub(super) fn enter() -> (Self, bool) {
        RUNS.fetch_add(1, Ordering::SeqCst);
        INSTALL.call_once(|| INSTALLED.store(ctrlc::try_set_handler(on_signal).is_ok(), Ordering::SeqCst));
        (Self, INSTALLED.load(Ordering::SeqCst))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if RUNS.fetch_sub(1, Ordering::SeqCst) == 1 {
            REQUESTED.store(false, Ordering::SeqCst);
        }
    }
}

fn on_signal() {
    let again = REQUESTED.swap(true, Ordering::SeqCst);
    if again || RUNS.load(Ordering::SeqCst) == 0 {
        std::process::exit(EXIT_INTERRUPTED);
    }
}
