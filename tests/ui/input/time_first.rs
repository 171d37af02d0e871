use flow_runtime::flow_model;

flow_model! {
    model Field(t: Time, x: [2]) -> [2] {
        linear(concat(x, t), 2)
    }
}

fn main() {}
