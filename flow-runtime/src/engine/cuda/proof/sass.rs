//! Loops in printed machine code.

use std::collections::BTreeMap;

/// A loop: the instructions from the target of a branch that goes back to the branch.
///
/// A slow path that lies behind a kernel's end and jumps back is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loop {
    pub(crate) kernel: String,
    /// Addresses of the first and of the last instruction, which is the branch.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Whether there is no other loop in it.
    pub(crate) inner: bool,
    /// How many of each instruction, with its modifiers, such as `MUFU.EX2`; without those that do nothing.
    counts: BTreeMap<String, usize>,
}

impl Loop {
    /// How many instructions it has.
    pub(crate) fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// How many of a class it has: `HMMA` counts `HMMA.16816.F32` too, `MUFU.EX2` that function alone.
    pub(crate) fn count(&self, class: &str) -> usize {
        let of = |name: &str| name.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.counts.iter().filter(|(name, _)| of(name)).map(|(_, count)| count).sum()
    }

    /// Instructions without their modifiers, the most frequent first: for a person.
    pub(crate) fn summary(&self) -> String {
        let mut classes = BTreeMap::<&str, usize>::new();
        for (name, count) in &self.counts {
            *classes.entry(name.split('.').next().unwrap_or_default()).or_default() += count;
        }
        let mut classes: Vec<_> = classes.into_iter().collect();
        classes.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let classes: Vec<_> = classes.into_iter().map(|(class, count)| format!("{class} {count}")).collect();
        format!("{} {:#x}..{:#x}: {} = {}", self.kernel, self.first, self.last, self.total(), classes.join(", "))
    }
}

/// An instruction: its address, its name with modifiers, and its operands.
struct Instruction<'a> {
    at: u64,
    name: &'a str,
    operands: &'a str,
    /// It is done by all threads that come to it.
    always: bool,
}

/// All loops of a text of `cuobjdump --dump-sass`, in the order of their first instructions.
pub(super) fn loops(text: &str) -> Vec<Loop> {
    let mut found = Vec::new();
    let mut kernel = "";
    let mut code = Vec::new();
    for line in text.lines() {
        if let Some((_, name)) = line.split_once("Function : ") {
            found.extend(loops_of(kernel, &code));
            kernel = name.trim();
            code.clear();
        } else {
            code.extend(instruction(line));
        }
    }
    found.extend(loops_of(kernel, &code));
    found
}

/// `/*0400*/   @!P0 MUFU.EX2 R18, R19 ;   /* 0x… */`
fn instruction(line: &str) -> Option<Instruction<'_>> {
    let (address, rest) = line.trim_start().strip_prefix("/*")?.split_once("*/")?;
    let at = u64::from_str_radix(address, 16).ok()?;
    let (rest, _) = rest.split_once(';')?;
    let rest = rest.trim();
    let (always, rest) = match rest.strip_prefix('@') {
        Some(guarded) => (false, guarded.split_once(' ')?.1.trim_start()),
        None => (true, rest),
    };
    let (name, operands) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(Instruction { at, name, operands, always })
}

fn loops_of(kernel: &str, code: &[Instruction<'_>]) -> Vec<Loop> {
    let is = |name: &str, class: &str| name.split('.').next() == Some(class);
    let back = |branch: &Instruction<'_>| {
        let target = branch.operands.split_whitespace().find_map(|word| {
            u64::from_str_radix(word.trim_matches([',', '`', '(', ')']).strip_prefix("0x")?, 16).ok()
        })?;
        // The branch to itself at the end of all code is no loop.
        (is(branch.name, "BRA") && target < branch.at).then_some((target, branch.at))
    };
    let mut spans: Vec<(u64, u64)> = code.iter().filter_map(back).collect();
    let within = |&(first, last): &(u64, u64)| code.iter().filter(move |i| (first..=last).contains(&i.at));
    spans.retain(|span| !within(span).any(|i| i.always && (is(i.name, "EXIT") || is(i.name, "RET"))));
    spans.sort_unstable();
    let inner = |&(first, last): &(u64, u64)| {
        !spans.iter().any(|&(from, to)| (from, to) != (first, last) && first <= from && to <= last)
    };
    let count = |span: &(u64, u64)| {
        let mut counts = BTreeMap::new();
        for i in within(span).filter(|i| !is(i.name, "NOP")) {
            *counts.entry(i.name.to_owned()).or_default() += 1;
        }
        counts
    };
    let found = spans.iter().map(|span| Loop {
        kernel: kernel.to_owned(),
        first: span.0,
        last: span.1,
        inner: inner(span),
        counts: count(span),
    });
    found.collect()
}
