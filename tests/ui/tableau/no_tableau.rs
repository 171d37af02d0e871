use flow_runtime::flow_model;

flow_model! {
    solver Method {
        order: 2,
    }
}

fn main() {}
