use flow_runtime::flow_model;

flow_model! {
    block residual(h, width) {
        let r = silu(linear(h, 2 * width));
        h + linear(r, width)
    }

    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }
}

fn main() {}
