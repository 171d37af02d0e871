use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear(concat(x, t), 2)
    }
    {
        x
    }
}

fn main() {}
