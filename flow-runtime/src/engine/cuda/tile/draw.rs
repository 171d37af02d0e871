//! How the rows of a tile are drawn, or read from batches that the host has drawn.

use super::{rows::Conditions, spec::STREAMS, train::Kernel};
use crate::engine::cuda::source::Writer;

impl Kernel<'_> {
    /// Times, points, velocities and conditions of a tile.
    pub(super) fn print_draw(&self, out: &mut Writer, conditions: &Conditions) {
        let (rows, stride) = (self.layout.rows, self.layout.stride);
        let (team, dim) = (self.layout.team, self.program.state_dim());
        let each_by = |thread: &str, numbers: usize| {
            format!("fm_each<{team}, {rows}, 1, {numbers}>({thread}, [&](int l, int j, int r)")
        };
        let each = |numbers| each_by("me", numbers);
        let wait = format!("fm_team_sync<{team}>();");
        let of_row = "const int i = sample + min(r, count - 1);";
        out.line("// ---- the batch; rows past its end are the last one again");
        let given = |out: &mut Writer| {
            out.line(format_args!("const u64 from = ((u64)step * {} + part) * batch;", self.spec.accumulate));
            out.line(format_args!("{} {{ {of_row} t[r] = given_t[from + i]; row[r] = (int)(from + i); }});", each(1)));
            out.line(format_args!(
                "{} {{ {of_row} x[j * {stride} + r] = given_x[(from + i) * {dim} + j]; ut[j * {stride} + r] = given_u[(from + i) * {dim} + j]; }});",
                each(dim)
            ));
            out.line(&wait);
        };
        match &self.spec.path {
            None => given(out),
            Some(path) => {
                out.block("if (given_t)", given);
                out.block("else", |out| {
                    out.line(STREAMS);
                    out.block(each(1), |out| {
                        out.line(of_row);
                        out.line(format_args!("const float drawn = {};", self.spec.time_text()));
                        out.line("t[r] = drawn;");
                        out.line("row[r] = (int)fm_below(rows_of, i, data_rows);");
                        out.block("", |out| {
                            // The path is written for a time called `t`.
                            out.line("const double t = (double)drawn;");
                            out.line("(void)t;");
                            for (i, text) in
                                [&path.alpha, &path.sigma, &path.d_alpha, &path.d_sigma].into_iter().enumerate()
                            {
                                out.line(format_args!("path[{i} * {stride} + r] = {};", of_device(text)));
                            }
                        });
                    });
                    out.line(");");
                    out.line("// Other warps draw the source points meanwhile.");
                    let source = self.spec.source_text("index");
                    out.block(each_by(&format!("(me + {}) % {team}", team / 2), dim), |out| {
                        out.line(of_row);
                        out.line(format_args!("const u64 index = (u64)i * {dim} + j;"));
                        out.line(format_args!("x[j * {stride} + r] = {source};"));
                    });
                    out.line(");");
                    out.line(&wait);
                    out.block(each(dim), |out| {
                        out.line(format_args!(
                            "const double x0 = (double)x[j * {stride} + r], x1 = (double)data[(u64)row[r] * {dim} + j];"
                        ));
                        let of = |i: usize| format!("path[{i} * {stride} + r]");
                        out.line(format_args!(
                            "x[j * {stride} + r] = (float)fm_dadd(fm_dmul({}, x1), fm_dmul({}, x0));",
                            of(0),
                            of(1)
                        ));
                        out.line(format_args!(
                            "ut[j * {stride} + r] = (float)fm_dadd(fm_dmul({}, x1), fm_dmul({}, x0));",
                            of(2),
                            of(3)
                        ));
                    });
                    out.line(");");
                });
            }
        }
        conditions.print(out, rows, stride, team, "row[r]");
    }
}

/// An expression with the functions that stand in `text/train.cuh`.
pub(crate) fn of_device(text: &str) -> String {
    text.replace("sin(", "fm_sin64(").replace("cos(", "fm_cos64(").replace("tan(", "fm_tan64(")
}
