use flow_runtime::flow_model;

flow_model! {
    block halved(h: [2]) {
        0.5 * h
    }

    model Field(x: [2], t: Time) -> [2] {
        halved(linear(concat(x, t), 2))
    }
}

fn main() {}
