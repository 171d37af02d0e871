use flow_runtime::flow_model;

flow_model! {
    model Field(x: [2], t: Time) -> [2] {
        let mut h = concat(x, t);
        for _ in 0..64 {
            h = concat(h, h);
        }
        linear(h, 2)
    }
}

fn main() {}
