//! A program as a person reads it: a table, or one line.

use super::{InputKind, Node, Op, Program};
use std::fmt;

/// Widest name and op; longer ones are cut, so that a row stays within 100 columns.
const NAME: usize = 16;
const OP: usize = 34;
const SHAPE: usize = 14;

/// One line of the table.
struct Row {
    number: String,
    name: String,
    mark: &'static str,
    op: String,
    shape: String,
    parameters: String,
    flops: String,
}

/// The table: number, name, op with its operands, shape of one sample, parameters and FLOPs of each node.
///
/// `*` marks what depends on the time alone. A parameter that several nodes use is counted where it is used first.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counted = vec![false; self.parameters.len()];
        let mut rows: Vec<Row> = (0..self.nodes.len()).map(|i| self.row(i, &mut counted)).collect();
        rows.push(Row {
            number: String::new(),
            name: "total".to_owned(),
            mark: "",
            op: String::new(),
            shape: String::new(),
            parameters: grouped(self.parameter_count() as u64),
            flops: grouped(self.flops()),
        });
        let width = |head: &str, cell: fn(&Row) -> &str| {
            rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0).max(head.chars().count())
        };
        let number = width("#", |row| &row.number);
        let name = width("name", |row| &row.name);
        let op = width("op", |row| &row.op);
        let shape = width("shape", |row| &row.shape);
        let parameters = width("parameters", |row| &row.parameters);
        let flops = width("FLOPs", |row| &row.flops);

        writeln!(f, "{}", self.signature())?;
        let mut line = |n: &str, na: &str, m: &str, o: &str, s: &str, p: &str, fl: &str| {
            let line = format!("{n:>number$}  {na:<name$} {m:1} {o:<op$}  {s:>shape$}  {p:>parameters$}  {fl:>flops$}");
            writeln!(f, "{}", line.trim_end())
        };
        line("#", "name", "", "op", "shape", "parameters", "FLOPs")?;
        for row in &rows {
            line(&row.number, &row.name, row.mark, &row.op, &row.shape, &row.parameters, &row.flops)?;
        }
        if self.nodes.iter().any(|node| node.batch_invariant) {
            writeln!(f, "* depends on the time alone")?;
        }
        write!(f, "schema {:016x}", self.schema_hash())
    }
}

impl Program {
    /// One line: name, shapes, number of nodes, parameters and FLOPs, schema hash.
    ///
    /// ```
    /// use flow_runtime::program::builder::Builder;
    /// let mut b = Builder::new("Decay", &[2]);
    /// let velocity = b.scale(b.state(), -0.5);
    /// let line = b.finish(velocity)?.summary();
    /// assert!(line.starts_with("Decay(x: [2], t: Time) -> [2], 3 nodes, 0 parameters, 0 FLOPs, schema "));
    /// # Ok::<(), flow_runtime::Error>(())
    /// ```
    pub fn summary(&self) -> String {
        let fixed = self.parameter_count() - self.trained_parameter_count();
        let fixed = if fixed == 0 { String::new() } else { format!(" ({} fixed)", grouped(fixed as u64)) };
        format!(
            "{}, {} nodes, {} parameters{fixed}, {} FLOPs, schema {:016x}",
            self.signature(),
            self.nodes.len(),
            grouped(self.parameter_count() as u64),
            grouped(self.flops()),
            self.schema_hash(),
        )
    }

    /// `Moons(x: [2], t: Time) -> [2]`.
    fn signature(&self) -> String {
        let inputs: Vec<String> = self
            .inputs
            .iter()
            .map(|input| match input.kind {
                InputKind::State | InputKind::Vector | InputKind::Cotangent => {
                    format!("{}: {:?}", input.name, input.shape)
                }
                InputKind::Time => format!("{}: Time", input.name),
                InputKind::Class { classes } => format!("{}: Class<{classes}>", input.name),
            })
            .collect();
        let output = self.nodes.get(self.output).map_or(&[][..], |node| node.shape);
        format!("{}({}) -> {output:?}", self.name, inputs.join(", "))
    }

    fn row(&self, i: usize, counted: &mut [bool]) -> Row {
        let node = &self.nodes[i];
        let (mut count, mut shared) = (0, false);
        for &p in node.parameters {
            match counted.get_mut(p) {
                Some(counted) if !*counted => {
                    *counted = true;
                    count = self.parameters[p].size().saturating_add(count);
                }
                _ => shared = true,
            }
        }
        let parameters = match (count, shared) {
            (0, true) => "shared".to_owned(),
            (0, false) => String::new(),
            _ => grouped(count as u64),
        };
        let flops = self.node_flops(i);
        Row {
            number: i.to_string(),
            name: cut(node.name, NAME),
            mark: if node.batch_invariant { "*" } else { "" },
            op: cut(&self.call(node), OP),
            shape: cut(&format!("{:?}", node.shape), SHAPE),
            parameters,
            flops: if flops == 0 { String::new() } else { grouped(flops) },
        }
    }

    /// `elu(#4, alpha = 1)`; inputs by what they are.
    fn call(&self, node: &Node) -> String {
        match node.op {
            Op::Input(index) => match self.inputs.get(index).map(|input| input.kind) {
                Some(InputKind::State) => "state".to_owned(),
                Some(InputKind::Time) => "time".to_owned(),
                Some(InputKind::Class { classes }) => format!("class of {classes}"),
                Some(InputKind::Vector) => "condition".to_owned(),
                Some(InputKind::Cotangent) => "cotangent of the velocity".to_owned(),
                None => format!("input {index}"),
            },
            Op::Custom { module } => format!("custom({module})({})", operands(node).join(", ")),
            op => {
                let attributes = op.rule(|rule| rule.attributes());
                let attributes = attributes.into_iter().map(|(key, value)| format!("{key} = {}", number(value)));
                format!(
                    "{}({})",
                    op.name(),
                    operands(node).into_iter().chain(attributes).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

fn operands(node: &Node) -> Vec<String> {
    node.inputs.iter().map(|input| format!("#{input}")).collect()
}

/// `64`, `0.01`, `1e-5`.
fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// At most `width` characters, the last one `…` if some are left out.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// `37376` as `37,376`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests;
