package main

var interruptEdit = edit{
	id: "e2",
	why: "upstream leaves to Go at every loop iteration to look for an interruption (30 times slower), does not look where " +
		"there is no loop, and cannot let the guest go on",
	retire: "wazero issue 2466, or any poll that can be resumed",
}
