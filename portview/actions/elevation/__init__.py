"""The side that asks for administrator rights: requests and ways to send them."""
