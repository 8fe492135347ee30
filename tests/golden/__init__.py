"""What must outlive a release: the bytes that earlier releases wrote, and the names that others rely on."""
