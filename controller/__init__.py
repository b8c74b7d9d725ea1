"""The controller: layout, inventory, orders, the scan cycle, and the journal."""
