use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        linear::<2>(concat(x, t))
    }
}

fn main() {}
