//! Every path that generated code names, in one place. Not for use by hand.
