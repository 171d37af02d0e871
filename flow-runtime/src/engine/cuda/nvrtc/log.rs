//! What NVRTC's log says.

/// What a kernel takes of a multiprocessor, as the assembler found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) kernel: String,
    /// Registers of a thread.
    pub(crate) registers: u32,
    /// Bytes of a thread's stack frame, which lies in slow memory.
    pub(crate) stack: u32,
    /// Bytes that are stored because there are too few registers.
    pub(crate) spill_stores: u32,
    /// Bytes that are loaded again.
    pub(crate) spill_loads: u32,
    /// Bytes of static shared memory; what is dynamic is not known to the assembler.
    pub(crate) shared: u32,
}

impl Resources {
    /// Of each kernel in the log of `--ptxas-options=-v`:
    ///
    /// ```text
    /// ptxas info    : Compiling entry function 'flow_moons' for 'sm_90a'
    /// ptxas info    : Function properties for flow_moons
    ///     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
    /// ptxas info    : Used 96 registers, used 1 barriers, 16 bytes smem
    /// ```
    pub(super) fn parse(log: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        // Properties of a function that is not a kernel are not those of the kernel before it.
        let mut of_the_kernel = false;
        for line in log.lines() {
            if let Some((_, rest)) = line.split_once("Compiling entry function '") {
                let kernel = rest.split('\'').next().unwrap_or_default().to_owned();
                found.push(Self { kernel, ..Self::default() });
            } else if let Some((_, function)) = line.split_once("Function properties for ") {
                of_the_kernel = found.last().is_some_and(|last| last.kernel == function.trim());
            } else if let Some(last) = found.last_mut() {
                if line.contains("bytes stack frame") && of_the_kernel {
                    last.stack = before(line, " bytes stack frame");
                    last.spill_stores = before(line, " bytes spill stores");
                    last.spill_loads = before(line, " bytes spill loads");
                } else if line.contains(" registers") && line.contains("Used ") {
                    last.registers = before(line, " registers");
                    last.shared = before(line, " bytes smem");
                }
            }
        }
        found
    }
}

/// The number before some words.
fn before(line: &str, words: &str) -> u32 {
    let Some((head, _)) = line.split_once(words) else { return 0 };
    let digits = head.len() - head.bytes().rev().take_while(u8::is_ascii_digit).count();
    head[digits..].parse().unwrap_or(0)
}

/// The line of the first error in a file, as in `Moons(12): error: …`.
pub(super) fn first_error(log: &str, file: &str) -> Option<usize> {
    log.lines().filter(|line| line.contains("error")).find_map(|line| {
        let (number, rest) = line.strip_prefix(file)?.strip_prefix('(')?.split_once(')')?;
        rest.starts_with(':').then(|| number.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_from_the_log() {
        let log = "ptxas info    : 0 bytes gmem\n\
            ptxas info    : Compiling entry function 'flow_a' for 'sm_90a'\n\
            ptxas info    : Function properties for flow_a\n    \
            0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
            ptxas info    : Used 96 registers, used 1 barriers, 16 bytes smem\n\
            ptxas info    : Compiling entry function 'flow_b' for 'sm_90a'\n\
            ptxas info    : Function properties for helper\n    \
            8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads\n\
            ptxas info    : Function properties for flow_b\n    \
            64 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads\n\
            ptxas info    : Used 255 registers, used 0 barriers, 64 bytes cumulative stack size\n";
        let a = Resources { kernel: "flow_a".to_owned(), registers: 96, shared: 16, ..Resources::default() };
        let b = Resources {
            kernel: "flow_b".to_owned(),
            registers: 255,
            stack: 64,
            spill_stores: 12,
            spill_loads: 20,
            shared: 0,
        };
        assert_eq!(Resources::parse(log), [a, b]);
        assert_eq!(Resources::parse(""), []);
    }

    #[test]
    fn the_line_of_an_error_is_that_of_the_text() {
        let log =
            "device.cuh(3): warning: x\nMoons(12): warning #177-D: y\nMoons(7): error: identifier\nMoons(9): error: z";
        assert_eq!(first_error(log, "Moons"), Some(7));
        assert_eq!(first_error(log, "Suns"), None);
    }
}
