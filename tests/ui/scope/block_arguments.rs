use flow_runtime::flow_model;

flow_model! {
    block residual(h, width) {
        h + linear(h, width)
    }

    model Field(x: [2], t: Time) -> [2] {
        residual(concat(x, t))
    }
}

fn main() {}
