use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let (a, b) = x;
        linear(concat(x, t), 2)
    }
}

fn main() {}
