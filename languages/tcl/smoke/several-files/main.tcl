source [file join [file dirname [info script]] shapes square.tcl]
puts [area 3]
