System.err.println "err"
println "out"
