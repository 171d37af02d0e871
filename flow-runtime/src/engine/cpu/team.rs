//! The threads of an engine.
//!
//! A step of training takes some hundred microseconds and meets at a handful of points, and a thread pool that puts its
//! workers to sleep in between spends a good part of that on waking them. So an engine has threads of its own,
//! which spin for a short while before they sleep. They are started by the first call that has work for them.

use crate::error::{Error, Result};
use std::{
    cell::UnsafeCell,
    hint::spin_loop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// Turns of a spinning wait before the thread sleeps, some tens of microseconds.
const SPINS: usize = 20_000;
/// Turns of a wait at a barrier before the thread offers its core to others.
const PATIENCE: usize = 2_000;

/// Work that every member does, told its number.
type Job = *const (dyn Fn(&Member<'_>) + Sync);

/// Threads that work together; the caller is one of them.
pub(crate) struct Team {
    size: usize,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Number of jobs given out so far; a change wakes the members.
    epoch: AtomicUsize,
    job: UnsafeCell<Option<Job>>,
    /// Members that have finished the job.
    done: AtomicUsize,
    failed: AtomicBool,
    stop: AtomicBool,
    barrier: Barrier,
    /// Which members sleep.
    asleep: Vec<AtomicBool>,
}

// SAFETY: `job` is written by the caller alone, while no job runs, and published by `epoch`.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

#[derive(Default)]
struct Barrier {
    arrived: AtomicUsize,
    round: AtomicUsize,
}

/// A member at work.
pub(crate) struct Member<'a> {
    /// Its number; the caller is 0.
    pub(crate) index: usize,
    /// How many take part in this job.
    pub(crate) size: usize,
    barrier: &'a Barrier,
    failed: &'a AtomicBool,
}

impl Member<'_> {
    /// Waits until all members are here.
    ///
    /// Returns `false` if one of them has panicked and will never come: then the job is to be left.
    pub(crate) fn wait(&self) -> bool {
        if self.size == 1 {
            return true;
        }
        let round = self.barrier.round.load(Ordering::Acquire);
        if self.barrier.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.size {
            self.barrier.arrived.store(0, Ordering::Relaxed);
            self.barrier.round.store(round.wrapping_add(1), Ordering::Release);
        } else {
            let mut turns = 0;
            while self.barrier.round.load(Ordering::Acquire) == round {
                if self.failed.load(Ordering::Relaxed) {
                    return false;
                }
                turns += 1;
                if turns < PATIENCE { spin_loop() } else { thread::yield_now() }
            }
        }
        !self.failed.load(Ordering::Acquire)
    }
}

/// Refuses a number of threads that no engine can work with.
pub(crate) fn check_threads(threads: Option<usize>) -> Result<()> {
    if threads != Some(0) {
        return Ok(());
    }
    Err(Error::Invalid {
        operation: "the CPU engine",
        what: "the number of threads".to_owned(),
        got: "0".to_owned(),
        expected: "1 or more".to_owned(),
        help: "leave it out for as many as there are cores".to_owned(),
    })
}

impl Team {
    /// A team of that many threads, the caller among them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for none.
    pub(crate) fn new(size: usize) -> Result<Self> {
        check_threads(Some(size))?;
        let shared = Arc::new(Shared {
            epoch: AtomicUsize::new(0),
            job: UnsafeCell::new(None),
            done: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            barrier: Barrier::default(),
            asleep: (1..size).map(|_| AtomicBool::new(false)).collect(),
        });
        Ok(Self { size, shared, threads: Vec::new() })
    }

    /// As many threads as the system offers.
    pub(crate) fn default_size() -> usize {
        thread::available_parallelism().map_or(1, usize::from)
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Runs `job` on `members` threads at most, and returns when all have done it.
    ///
    /// If threads cannot be started, fewer take part: a job must not count on a number other than `Member::size`.
    /// A panic in a member is passed on.
    pub(crate) fn run(&mut self, members: usize, job: &(dyn Fn(&Member<'_>) + Sync)) {
        let wanted = members.clamp(1, self.size);
        if wanted == 1 {
            let (barrier, failed) = (Barrier::default(), AtomicBool::new(false));
            job(&Member { index: 0, size: 1, barrier: &barrier, failed: &failed });
            return;
        }
        self.start();
        // Every thread hears of a job, but those beyond `wanted` have nothing to do in it.
        let size = wanted.min(self.threads.len() + 1);
        let shared = &*self.shared;
        let bounded = |member: &Member<'_>| {
            if member.index < size {
                job(&Member { index: member.index, size, barrier: member.barrier, failed: member.failed });
            }
        };
        let erased: &(dyn Fn(&Member<'_>) + Sync) = &bounded;
        // SAFETY: the members use the job before they count themselves as done, and this function waits for all of them,
        // so the job outlives its uses. Nobody reads `job` now: all members wait for the next epoch.
        unsafe {
            *shared.job.get() = Some(std::mem::transmute::<*const (dyn Fn(&Member<'_>) + Sync), Job>(erased));
        }
        shared.done.store(0, Ordering::Relaxed);
        shared.failed.store(false, Ordering::Relaxed);
        shared.barrier.arrived.store(0, Ordering::Relaxed);
        shared.epoch.fetch_add(1, Ordering::SeqCst);
        for (asleep, thread) in shared.asleep.iter().zip(&self.threads) {
            if asleep.load(Ordering::SeqCst) {
                thread.thread().unpark();
            }
        }
        let own = catch_unwind(AssertUnwindSafe(|| {
            erased(&Member { index: 0, size, barrier: &shared.barrier, failed: &shared.failed });
        }));
        if own.is_err() {
            shared.failed.store(true, Ordering::Release);
        }
        let mut turns = 0;
        while shared.done.load(Ordering::Acquire) < self.threads.len() {
            turns += 1;
            if turns < SPINS { spin_loop() } else { thread::yield_now() }
        }
        // A round that was left half-way is not to confuse the next job.
        shared.barrier.arrived.store(0, Ordering::Relaxed);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!shared.failed.load(Ordering::Acquire), "a thread of the CPU engine panicked");
    }

    /// Calls `work` with every number below `count`, each on whichever member is free.
    pub(crate) fn each(&mut self, count: usize, work: &(dyn Fn(&Member<'_>, usize) + Sync)) {
        let next = AtomicUsize::new(0);
        self.run(count, &|member| {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= count {
                    break;
                }
                work(member, i);
            }
        });
    }

    fn start(&mut self) {
        for index in self.threads.len() + 1..self.size {
            let shared = Arc::clone(&self.shared);
            let builder = thread::Builder::new().name(format!("flow-{index}"));
            match builder.spawn(move || serve(&shared, index)) {
                Ok(thread) => self.threads.push(thread),
                // The system gives no more threads: those that are there do the work.
                Err(_) => {
                    self.size = self.threads.len() + 1;
                    break;
                }
            }
        }
    }
}

fn serve(shared: &Shared, index: usize) {
    // A thread is started before the first job that it takes part in is published.
    let mut seen = 0;
    loop {
        let mut turns = 0;
        while shared.epoch.load(Ordering::Acquire) == seen {
            turns += 1;
            if turns < SPINS {
                spin_loop();
                continue;
            }
            // SeqCst on both sides: either the caller sees that this thread sleeps, or it sees the new epoch.
            shared.asleep[index - 1].store(true, Ordering::SeqCst);
            if shared.epoch.load(Ordering::SeqCst) == seen {
                thread::park();
            }
            shared.asleep[index - 1].store(false, Ordering::SeqCst);
        }
        seen = shared.epoch.load(Ordering::Acquire);
        if shared.stop.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: written before the epoch changed, and not again before this thread has counted itself as done.
        let job = unsafe { *shared.job.get() };
        if let Some(job) = job {
            let result = catch_unwind(AssertUnwindSafe(|| {
                // SAFETY: `run` keeps the job alive until all members are done.
                let job = unsafe { &*job };
                job(&Member { index, size: 0, barrier: &shared.barrier, failed: &shared.failed });
            }));
            if result.is_err() {
                shared.failed.store(true, Ordering::Release);
            }
        }
        shared.done.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.epoch.fetch_add(1, Ordering::SeqCst);
        for thread in &self.threads {
            thread.thread().unpark();
        }
        for thread in self.threads.drain(..) {
            // A panic was passed on when it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    #[test]
    fn every_number_is_worked_on_once() {
        for size in [1, 2, 3, 16] {
            let mut team = Team::new(size).unwrap();
            for count in [0, 1, 2, 7, 1000] {
                let seen: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                team.each(count, &|_, i| {
                    seen[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(seen.iter().all(|n| n.load(Ordering::Relaxed) == 1), "{size} {count}");
            }
        }
    }

    #[test]
    fn a_barrier_separates_phases() {
        let mut team = Team::new(4).unwrap();
        for _ in 0..200 {
            let sums: Vec<AtomicU64> = (0..3).map(|_| AtomicU64::new(0)).collect();
            team.run(4, &|member| {
                for (phase, sum) in sums.iter().enumerate() {
                    sum.fetch_add(1 + member.index as u64, Ordering::Relaxed);
                    assert!(member.wait());
                    assert_eq!(sum.load(Ordering::Relaxed), (1..=member.size as u64).sum::<u64>(), "{phase}");
                }
            });
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_goes_on() {
        let mut team = Team::new(3).unwrap();
        for culprit in 0..3 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                team.run(3, &|member| {
                    assert_ne!(member.index, culprit, "on purpose");
                    member.wait();
                });
            }));
            assert!(result.is_err());
            let count = AtomicUsize::new(0);
            team.each(10, &|_, _| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(count.load(Ordering::Relaxed), 10);
        }
    }

    #[test]
    fn sleepers_are_woken() {
        let mut team = Team::new(2).unwrap();
        for _ in 0..3 {
            let ran = AtomicUsize::new(0);
            team.run(2, &|_| {
                ran.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(ran.load(Ordering::Relaxed), 2);
            thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[test]
    fn no_threads_is_refused() {
        assert!(Team::new(0).is_err_and(|error| error.to_string().contains("number of threads")));
    }
}
