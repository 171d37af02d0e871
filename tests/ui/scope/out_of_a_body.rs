use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let h = {
            let inner = concat(x, t);
            linear(inner, 2)
        };
        h + inner
    }
}

fn main() {}
