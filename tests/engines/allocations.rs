//! Calls for a single point: nothing is allocated after the first, and no thread is started.

use crate::models::{Joined, JoinedSampler, Steered, conditions};
use flow_runtime::{engine::CpuEngine, prelude::*};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what the calling thread asks for.
struct Counting;

// SAFETY: all work is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that ends has no counter any more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of ten calls after the first two.
fn allocations(mut call: impl FnMut()) -> u64 {
    (0..2).for_each(|_| call());
    let before = ALLOCATIONS.get();
    (0..10).for_each(|_| call());
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 10);
}

#[test]
fn transport_of_one_point() {
    let model = Joined::new(0);
    let sampler = JoinedSampler::new(&model).threads(4);
    let mut point = [0.3, -0.2];
    let count = allocations(|| {
        sampler.transport_in_place(&mut point, &Conditions::none()).expect("it stays finite");
    });
    assert_eq!(count, 0);
}

#[test]
fn velocity_of_one_point() {
    let mut engine = CpuEngine::<Joined>::with_threads(4).expect("the model is the engine's");
    engine.load(Joined::new(0).weights().values()).expect("they are the model's");
    let mut out = [0.0; 2];
    let at = allocations(|| engine.velocity_at(0.5, &[0.3, -0.2], &Conditions::none(), &mut out).expect("it fits"));
    let apart = allocations(|| engine.velocity(&[0.5], &[0.3, -0.2], &Conditions::none(), &mut out).expect("it fits"));
    assert_eq!((at, apart), (0, 0));
}

/// In a process of its own, where no other test starts threads.
#[cfg(target_os = "linux")]
#[test]
fn no_thread_is_started() {
    const CHILD: &str = "FLOW_COUNT_THREADS";
    let name = "allocations::no_thread_is_started";
    if std::env::var_os(CHILD).is_none() {
        let program = std::env::current_exe().expect("this program has a path");
        let mut child = std::process::Command::new(program);
        let child = child.args(["--exact", name, "--test-threads=1"]).env(CHILD, "1").output();
        let child = child.expect("this program can be started");
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        return;
    }
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let before = threads();
    let model = Joined::new(0);
    let sampler = JoinedSampler::new(&model).threads(4);
    sampler.transport_in_place(&mut [0.3, -0.2], &Conditions::none()).expect("it stays finite");
    let steered = Steered::new(0);
    let mut engine = CpuEngine::<Steered, f64>::with_threads(4).expect("the model is the engine's");
    engine.load(steered.weights().values()).expect("they are the model's");
    let (given, mut x) = (conditions(Steered::PROGRAM, 1), [0.3, -0.2]);
    engine.velocity_at(0.5, &x, &given, &mut [0.0; 2]).expect("it fits");
    engine.integrate::<Rk4>(&[0.0, 0.5, 1.0], &mut x, &given, &[], &mut []).expect("it stays finite");
    engine.integrate::<ImplicitMidpoint>(&[0.0, 0.5, 1.0], &mut x, &given, &[], &mut []).expect("it stays finite");
    assert_eq!(threads(), before);
    // A call that is worth it does start some, and so the count can tell.
    sampler.sample(20_000).expect("it stays finite");
    assert_eq!(threads(), before + 3);
}
