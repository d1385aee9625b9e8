DROP TABLE automatic_answers;
