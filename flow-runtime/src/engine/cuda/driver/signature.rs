//! Types of a kernel's parameters, as its text declares them: the driver reads as many arguments as there are parameters, and
//! would read beyond those that it is given.

use super::super::backend::Argument;

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    Address,
    Int,
    Long,
    Float,
}

impl Parameter {
    pub(super) fn of(argument: &Argument) -> Self {
        match argument {
            Argument::Address(_) => Self::Address,
            Argument::Int(_) => Self::Int,
            Argument::Long(_) => Self::Long,
            Argument::Float(_) => Self::Float,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.contains('*') {
            return Some(Self::Address);
        }
        let mut words: Vec<_> = text.split_whitespace().filter(|word| *word != "const").collect();
        words.pop()?;
        Some(match &words[..] {
            ["int"] => Self::Int,
            ["u64"] | ["unsigned", "long", "long"] => Self::Long,
            ["float"] => Self::Float,
            _ => return None,
        })
    }
}

/// The parameters of a kernel; nothing if the text declares it in a way that kernels are not declared.
pub(super) fn parameters(text: &str, kernel: &str) -> Option<Vec<Parameter>> {
    let declaration = text.match_indices(kernel).find_map(|(at, _)| {
        let before = text[..at].trim_end();
        let rest = text[at + kernel.len()..].trim_start().strip_prefix('(')?;
        (before.ends_with("void")).then_some(rest)
    })?;
    let (list, _) = declaration.split_once(')')?;
    if list.trim().is_empty() || list.trim() == "void" {
        return Some(Vec::new());
    }
    list.split(',').map(Parameter::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::{Parameter::*, parameters};

    #[test]
    fn parameters_are_read_from_the_text() {
        let text = "// flow_a is called by flow_ab(1)\nFM_KERNEL(128) void flow_ab(const float* __restrict__ x, float *y,\n  u32* w, int n, \
                    const int m, u64 seed, unsigned long long row, float lr) {}\nFM_KERNEL(32) void flow_a() {}\n\
                    FM_KERNEL(32) void flow_c(double x) {}";
        let all = vec![Address, Address, Address, Int, Int, Long, Long, Float];
        assert_eq!(parameters(text, "flow_ab"), Some(all));
        assert_eq!(parameters(text, "flow_a"), Some(vec![]));
        assert_eq!(parameters(text, "flow_c"), None);
        assert_eq!(parameters(text, "flow_d"), None);
    }
}
