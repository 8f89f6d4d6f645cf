args.each { println "<$it>" }
