use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time, x: [3]) -> [2] {
        linear(concat(x, t), 2)
    }
}

fn main() {}
