use flow_runtime::flow_model;

flow_model! {
    scheduler Mine {
        alpha: t,
    }
}

fn main() {}
