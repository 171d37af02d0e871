use flow_runtime::flow_model;

flow_model! {
    model Field {
        x
    }
}

fn main() {}
