use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time, y: Class<10>) -> [2] {
        linear(concat(x, t, y), 2)
    }
}

fn main() {}
