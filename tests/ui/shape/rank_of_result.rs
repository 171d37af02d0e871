use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        reshape(linear(concat(x, t), 2), [2, 1])
    }
}

fn main() {}
