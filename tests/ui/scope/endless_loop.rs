use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        for _ in 0..1_000_000_000_000 {}
        linear(concat(x, t), 2)
    }
}

fn main() {}
