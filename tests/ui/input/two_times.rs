use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time, s: Time) -> [2] {
        linear(concat(x, t, s), 2)
    }
}

fn main() {}
