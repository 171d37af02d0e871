//! Where weights lie as the kernel reads them.

use super::{
    graph::{Graph, Kind, Level, Part},
    schedule::{Form, chunks, form},
};
use crate::engine::plan::Pack;

/// Weights of a product, packed as right operands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Packed {
    pub(super) pack: Pack,
    pub(super) form: Form,
    /// Weights are held times that power of `log2(e)`.
    pub(super) power: i32,
    /// First 16-byte word.
    pub(super) place: usize,
}

impl Packed {
    /// 16-byte words of all high parts (with [`Form::Split`], as many low parts follow).
    pub(super) fn words(&self) -> usize {
        32 * self.depth_chunks() * chunks(self.pack.columns)
    }

    pub(super) fn depth_chunks(&self) -> usize {
        chunks(self.pack.depth)
    }

    fn end(&self) -> usize {
        self.place + self.words() * if self.form == Form::Split { 2 } else { 1 }
    }
}

/// Rows of parameters, each filled up to a multiple of sixteen columns with zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) offset: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
    /// As in [`Packed::power`].
    pub(super) power: i32,
    /// First number.
    pub(super) place: usize,
}

impl Row {
    pub(super) fn stride(&self) -> usize {
        16 * chunks(self.width)
    }
}

/// Places of all weights that a kernel reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) packed: Vec<Packed>,
    pub(super) rows: Vec<Row>,
    /// 16-byte words of packed weights.
    pub(super) words: usize,
    /// Numbers of the rows that every block has in shared memory; tables follow.
    pub(super) row_len: usize,
    /// Numbers of rows and tables.
    pub(super) len: usize,
    /// Where values lie that are computed once per tile: (value, half chunk).
    pub(super) kept: Vec<(usize, usize)>,
    /// Half chunks of them.
    pub(super) kept_halves: usize,
}

impl Places {
    pub(super) fn of(graph: &Graph, split: bool) -> Self {
        let mut places = Self::default();
        for (i, value) in graph.values.iter().enumerate() {
            for x in value.kind.operands() {
                if let Kind::Parameter(offset) = graph.values[x].kind {
                    places.add_row(offset, 1, graph.values[x].width, i32::from(graph.scaled[i]));
                }
            }
            if let Kind::Product { parts, .. } = &value.kind {
                parts.iter().for_each(|part| places.add(part, form(graph, part.x, split), graph.power(i, part.x)));
            }
        }
        if let Kind::Parameter(offset) = graph.values[graph.output].kind {
            places.add_row(offset, 1, graph.values[graph.output].width, 0);
        }
        places.row_len = places.len;
        for value in &graph.values {
            if let Kind::Lookup { table, .. } = value.kind {
                places.add_row(table, 0, value.width, 0);
            }
        }
        for value in &graph.values {
            if value.level != Level::Stage {
                continue;
            }
            for x in value.kind.operands() {
                if graph.values[x].level == Level::Tile && places.kept_at(x).is_none() {
                    places.kept.push((x, places.kept_halves));
                    places.kept_halves += graph.values[x].width.div_ceil(8);
                }
            }
        }
        if graph.values[graph.output].level == Level::Tile && places.kept_at(graph.output).is_none() {
            places.kept.push((graph.output, places.kept_halves));
            places.kept_halves += graph.values[graph.output].width.div_ceil(8);
        }
        places
    }

    fn add(&mut self, part: &Part, form: Form, power: i32) {
        let packed = Packed { pack: part.pack, form, power, place: self.words };
        if self.find(part, form, power).is_none() {
            self.words = packed.end();
            self.packed.push(packed);
        }
    }

    fn add_row(&mut self, offset: usize, rows: usize, width: usize, power: i32) {
        if self.row(offset, width, power).is_none() {
            let row = Row { offset, rows, width, power, place: self.len };
            self.len += row.stride() * rows;
            self.rows.push(row);
        }
    }

    /// Sets how many rows a table has.
    pub(super) fn set_classes(&mut self, offset: usize, classes: usize) {
        let mut added = 0;
        for row in &mut self.rows {
            row.place += added;
            if row.offset == offset && row.rows == 0 {
                row.rows = classes;
                added += classes * row.stride();
            }
        }
        self.len += added;
    }

    pub(super) fn find(&self, part: &Part, form: Form, power: i32) -> Option<Packed> {
        let same = |packed: &&Packed| packed.pack == part.pack && packed.form == form && packed.power == power;
        self.packed.iter().find(same).copied()
    }

    pub(super) fn row(&self, offset: usize, width: usize, power: i32) -> Option<Row> {
        let same = |row: &&Row| row.offset == offset && row.width == width && row.power == power;
        self.rows.iter().find(same).copied()
    }

    pub(super) fn kept_at(&self, value: usize) -> Option<usize> {
        self.kept.iter().find(|(kept, _)| *kept == value).map(|(_, at)| *at)
    }
}
