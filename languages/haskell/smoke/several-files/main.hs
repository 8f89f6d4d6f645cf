import Shapes.Square

main :: IO ()
main = print (area 3)
